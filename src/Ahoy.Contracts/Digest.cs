using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ahoy.Contracts;

/// <summary>The SHA-256 of some bytes, written "sha256:" and 64 lower-case hexadecimal digits (OCI image specification, descriptor.md, Digests).</summary>
[JsonConverter(typeof(DigestConverter))]
public readonly record struct Digest
{
    private const string Prefix = "sha256:";
    private readonly string? _value;

    private Digest(string value) => _value = value;

    /// <summary>The 64 hexadecimal digits alone: the name of the blob's file.</summary>
    public string Hex => ToString()[Prefix.Length..];

    public static Digest Of(ReadOnlySpan<byte> bytes) => FromHash(SHA256.HashData(bytes));

    public static Digest FromHash(ReadOnlySpan<byte> sha256) => new(Prefix + Convert.ToHexStringLower(sha256));

    /// <summary>The digest of everything that is left in <paramref name="stream"/>.</summary>
    public static async Task<Digest> OfAsync(Stream stream, CancellationToken cancellationToken) =>
        FromHash(await SHA256.HashDataAsync(stream, cancellationToken));

    public static bool TryParse(string? text, out Digest digest)
    {
        digest = default;
        if (text is null || text.Length != Prefix.Length + 64 || !text.StartsWith(Prefix, StringComparison.Ordinal))
            return false;
        foreach (var c in text.AsSpan(Prefix.Length))
        {
            if (!char.IsAsciiHexDigitLower(c))
                return false;
        }

        digest = new Digest(text);
        return true;
    }

    /// <exception cref="AhoyException"><see cref="ErrorCode.InvalidRequest"/>.</exception>
    public static Digest Parse(string? text) =>
        TryParse(text, out var digest)
            ? digest
            : throw new AhoyException(ErrorCode.InvalidRequest, $"\"{text}\" is not a digest. A digest is \"sha256:\" and 64 lower-case hexadecimal digits.");

    public override string ToString() =>
        _value ?? throw new InvalidOperationException("This digest was never set.");

    public sealed class DigestConverter : JsonConverter<Digest>
    {
        public override Digest Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            TryParse(reader.TokenType == JsonTokenType.String ? reader.GetString() : null, out var digest)
                ? digest
                : throw new JsonException("A digest is \"sha256:\" and 64 lower-case hexadecimal digits.");

        public override void Write(Utf8JsonWriter writer, Digest value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}
