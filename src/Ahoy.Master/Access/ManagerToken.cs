namespace Ahoy.Master.Access;

/// <summary>The first token of a new master: in the file manager.token, for the owner of the data directory only.</summary>
internal static class ManagerToken
{
    /// <summary>Makes the first user and their token. Its file is written before the token counts: a crash in between costs nothing, the other way round nobody could ever log in.</summary>
    public static async Task EnsureAsync(TokenStore tokens, MasterOptions options)
    {
        if (!tokens.HasUsers)
            await tokens.CreateUserTokenAsync(options.Manager, Caller.ManagerRole, lifetime: null, token => Write(Path.Combine(options.DataDirectory, "manager.token"), token));
    }

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
