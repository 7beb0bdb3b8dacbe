using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ahoy.Contracts.Jobs;

/// <summary>A job's number, counted up by the master, as in Slurm: 1, 2, 3 …</summary>
[JsonConverter(typeof(JobIdConverter))]
public readonly record struct JobId(long Value)
{
    public static bool TryParse(string? text, out JobId id)
    {
        var ok = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value > 0;
        id = new JobId(ok ? value : 0);
        return ok;
    }

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    public sealed class JobIdConverter : JsonConverter<JobId>
    {
        public override JobId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            TryParse(reader.TokenType == JsonTokenType.String ? reader.GetString() : null, out var id)
                ? id
                : throw new JsonException("A job id is a positive number, as a string.");

        public override void Write(Utf8JsonWriter writer, JobId value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}
