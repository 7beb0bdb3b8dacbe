using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ahoy.Images.Oci;

/// <summary>JSON of the OCI specifications.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ImageManifest))]
[JsonSerializable(typeof(ImageConfig))]
[JsonSerializable(typeof(ImageIndex))]
[JsonSerializable(typeof(DockerArchiveManifest[]))]
[JsonSerializable(typeof(Descriptor))]
public sealed partial class OciJson : JsonSerializerContext
{
}
