using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ahoy.Runtimes.Oci;

/// <summary>JSON of the OCI runtime specification and of the container's own record.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RuntimeSpec))]
[JsonSerializable(typeof(ContainerRecord))]
internal sealed partial class RuntimeJson : JsonSerializerContext
{
}
