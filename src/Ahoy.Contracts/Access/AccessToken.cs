using System.Security.Cryptography;

namespace Ahoy.Contracts.Access;

/// <summary>
/// A token as text: "ahoy_KIND_ID_SECRET_FINGERPRINT". The fingerprint is the SHA-256 of the master's CA certificate (DER),
/// so that whoever has the token knows which master to trust; the master stores only a hash of the secret.
/// </summary>
public sealed record AccessToken(string Kind, string Id, string Secret, string CaFingerprint)
{
    public const string User = "user";
    public const string Join = "join";
    public const string Agent = "agent";

    private const int SecretBytes = 32;
    private const int IdBytes = 8;

    public static AccessToken Create(string kind, string caFingerprint) =>
        new(kind, RandomHex(IdBytes), RandomHex(SecretBytes), caFingerprint);

    public static bool TryParse(string? text, out AccessToken? token)
    {
        token = null;
        var parts = text?.Trim().Split('_');
        if (parts is not ["ahoy", User or Join or Agent, var id, var secret, var fingerprint])
            return false;
        if (!IsHex(id, IdBytes) || !IsHex(secret, SecretBytes) || !IsHex(fingerprint, 32))
            return false;
        token = new AccessToken(parts[1], id, secret, fingerprint);
        return true;
    }

    /// <summary>What the master stores and compares.</summary>
    public string SecretHash() => Convert.ToHexStringLower(SHA256.HashData(Convert.FromHexString(Secret)));

    /// <summary>The whole token. It is a secret: for the token's owner and the Authorization header only.</summary>
    public string Reveal() => $"ahoy_{Kind}_{Id}_{Secret}_{CaFingerprint}";

    public override string ToString() => $"ahoy_{Kind}_{Id}_…";

    private static string RandomHex(int bytes) => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(bytes));

    private static bool IsHex(string text, int bytes) =>
        text.Length == bytes * 2 && text.All(char.IsAsciiHexDigitLower);
}
