using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ahoy.Agent.Joining;

/// <summary>JSON of the agent's own files.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(AgentCredentials))]
internal sealed partial class AgentJson : JsonSerializerContext
{
}
