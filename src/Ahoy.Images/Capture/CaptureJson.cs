using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ahoy.Images.Capture;

/// <summary>The report as `--format json` prints it.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CaptureReport))]
public sealed partial class CaptureJson : JsonSerializerContext
{
}
