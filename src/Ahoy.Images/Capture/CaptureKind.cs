using System.Text.Json.Serialization;

namespace Ahoy.Images.Capture;

[JsonConverter(typeof(JsonStringEnumConverter<CaptureKind>))]
public enum CaptureKind
{
    [JsonStringEnumMemberName("program")] Program,
    [JsonStringEnumMemberName("library")] Library,
    /// <summary>The dynamic linker of a program, or what runs a script.</summary>
    [JsonStringEnumMemberName("interpreter")] Interpreter,
    /// <summary>Of a script language.</summary>
    [JsonStringEnumMemberName("module")] Module,
    /// <summary>A program that a script calls.</summary>
    [JsonStringEnumMemberName("command")] Command,
    [JsonStringEnumMemberName("data")] Data,
}
