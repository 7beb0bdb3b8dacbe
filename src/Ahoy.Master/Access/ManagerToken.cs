namespace Ahoy.Master.Access;

/// <summary>The first token of a new master: in the file manager.token, for the owner of the data directory only.</summary>
internal static class ManagerToken
{
    /// <summary>Makes the first user and their token. Its file is written before the token counts: a crash in between costs nothing, the other way round nobody could ever log in.</summary>
    public static async Task EnsureAsync(TokenStore tokens, MasterOptions options)
    {
        if (!tokens.HasUsers)
            await tokens.CreateUserTokenAsync(options.Manager, Caller.ManagerRole, lifetime: null, token => Write(PathOf(options), token));
    }

    /// <summary>
    /// Keeps the token in the file alive, for as long as the file is there: who can read it owns the data directory. The same token
    /// lives on, because logins hold copies of it. A token that was revoked, or whose file was removed, stays away.
    /// </summary>
    public static async Task RenewAsync(TokenStore tokens, MasterOptions options)
    {
        var file = PathOf(options);
        if (File.Exists(file))
            await tokens.RenewUserTokenAsync(await File.ReadAllTextAsync(file));
    }

    private static string PathOf(MasterOptions options) => Path.Combine(options.DataDirectory, "manager.token");

    private static void Write(string path, string token)
    {
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        using var writer = new StreamWriter(file);
        writer.WriteLine(token);
        writer.Flush();
        file.Flush(flushToDisk: true);
    }
}
