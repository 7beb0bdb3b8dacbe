using System.Text.Json;
using System.Text.Json.Serialization;
using Ahoy.Client.Access;
using Ahoy.Client.Transfers;

namespace Ahoy.Client;

/// <summary>JSON of the client's own files.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(Credentials))]
[JsonSerializable(typeof(DigestCacheFile))]
internal sealed partial class ClientJson : JsonSerializerContext
{
}
