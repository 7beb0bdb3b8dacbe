using System.Text.Json;
using Ahoy.Contracts;

namespace Ahoy.Client.Access;

/// <summary>The user's login: credentials.json, readable by its owner alone. AHOY_URL and AHOY_TOKEN together go before it.</summary>
internal sealed class CredentialStore(string directory)
{
    private readonly string _path = Path.Combine(directory, "credentials.json");

    /// <exception cref="AhoyException">Nobody is logged in, or the file can't be read.</exception>
    public Credentials Require() =>
        Find() ?? throw new AhoyException(
            ErrorCode.Unauthorized,
            "There is no master to talk to. Start one on this machine with `ahoy up`, or log in with `ahoy login URL`.");

    public Credentials? Find()
    {
        var url = Environment.GetEnvironmentVariable("AHOY_URL");
        var token = Environment.GetEnvironmentVariable("AHOY_TOKEN");
        if (!string.IsNullOrEmpty(url) && !string.IsNullOrEmpty(token))
            return new Credentials { Url = url, Token = token };
        return Stored();
    }

    /// <summary>What the file holds, whatever the environment says.</summary>
    public Credentials? Stored()
    {
        if (!File.Exists(_path))
            return null;
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(_path), ClientJson.Default.Credentials);
        }
        catch (JsonException e)
        {
            throw new AhoyException(ErrorCode.Unauthorized, $"{_path} is damaged ({e.Message}). Log in again with `ahoy login URL`.", e);
        }
    }

    public void Save(Credentials credentials)
    {
        PrivateFile.MakeDirectory(directory);
        PrivateFile.Write(_path, JsonSerializer.SerializeToUtf8Bytes(credentials, ClientJson.Default.Credentials));
    }

    /// <summary>Puts the login aside before another takes its place.</summary>
    /// <returns>Where it is now.</returns>
    public string KeepPrevious()
    {
        var kept = Path.Combine(directory, "credentials.previous.json");
        File.Move(_path, kept, overwrite: true);
        return kept;
    }

    /// <summary>True when there was a login to forget.</summary>
    public bool Delete()
    {
        var existed = File.Exists(_path);
        File.Delete(_path);
        return existed;
    }
}
