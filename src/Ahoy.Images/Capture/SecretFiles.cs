using System.Text;

namespace Ahoy.Images.Capture;

/// <summary>Recognises files that should never leave the user's computer without being named: keys, passwords, tokens.</summary>
public static class SecretFiles
{
    private const int KeyHeaderWithin = 4096;

    private static readonly HashSet<string> Directories = [".ssh", ".gnupg", ".aws", ".azure", ".kube", ".globus", ".password-store", ".mozilla", ".thunderbird", "keyrings"];

    private static readonly HashSet<string> Names =
    [
        ".netrc", "_netrc", ".pgpass", ".my.cnf", ".git-credentials", ".npmrc", ".pypirc", ".htpasswd", ".vault-token", ".env", ".Renviron", ".dockercfg",
        ".bash_history", ".zsh_history", ".python_history", "credentials", "credentials.json", "secrets.json", "shadow", "gshadow",
        "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "userkey.pem", "wallet.dat",
    ];

    private static readonly HashSet<string> KeyStores = [".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".gpg", ".ppk", ".keytab"];

    /// <summary>Why the file looks like a secret; null when it does not.</summary>
    public static string? Reason(string hostPath)
    {
        var name = Path.GetFileName(hostPath);
        if (hostPath.Split('/').FirstOrDefault(Directories.Contains) is { } directory)
            return $"it lies in {directory}, where keys and credentials are kept";
        if (Names.Contains(name) || (name.StartsWith(".env.", StringComparison.Ordinal) && name != ".env.example"))
            return $"files named {name} hold credentials";
        if (hostPath.EndsWith("/.docker/config.json", StringComparison.Ordinal) || hostPath.Contains("/.config/gh/", StringComparison.Ordinal)
            || hostPath.Contains("/.config/gcloud/", StringComparison.Ordinal) || hostPath.Contains("/.config/ahoy/", StringComparison.Ordinal))
            return "it holds login tokens";
        var extension = Path.GetExtension(name);
        if (KeyStores.Contains(extension))
            return $"files ending in {extension} hold keys";
        // Certificates are public and often have the same ending: the content tells.
        return extension is ".pem" or ".crt" or "" && HoldsPrivateKey(hostPath) ? "it holds a private key" : null;
    }

    private static bool HoldsPrivateKey(string hostPath)
    {
        if (!File.Exists(hostPath))
            return false;
        try
        {
            using var file = File.OpenRead(hostPath);
            var start = new byte[KeyHeaderWithin];
            var count = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
            var text = Encoding.Latin1.GetString(start, 0, count);
            return text.Contains("-----BEGIN ", StringComparison.Ordinal) && text.Contains("PRIVATE KEY-----", StringComparison.Ordinal);
        }
        catch (UnauthorizedAccessException)
        {
            // What the user can't read can't be taken along either; whoever copies it says so.
            return false;
        }
    }
}
