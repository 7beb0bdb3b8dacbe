using Ahoy.Processes;

namespace Ahoy.Testing;

/// <summary>A user without root. When root runs the tests it is "ahoytest", made on first use; else it is whoever runs them.</summary>
public sealed record OrdinaryUser(string Name, int Uid, int Gid, string Home)
{
    private const string TestUser = "ahoytest";
    private static readonly SemaphoreSlim Once = new(1, 1);
    private static OrdinaryUser? _found;

    /// <exception cref="ProgramFailedException">The user could not be made.</exception>
    public static async Task<OrdinaryUser> GetAsync(CancellationToken cancellationToken)
    {
        await Once.WaitAsync(cancellationToken);
        try
        {
            return _found ??= Environment.IsPrivilegedProcess
                ? Lookup(TestUser) ?? await AddAsync(cancellationToken)
                : Lookup(Environment.UserName) ?? throw new InvalidOperationException($"{Environment.UserName} is not in /etc/passwd.");
        }
        finally
        {
            Once.Release();
        }
    }

    /// <summary>The same call as this user: unchanged when they run the tests themselves.</summary>
    public ProgramCall As(ProgramCall call)
    {
        if (!Environment.IsPrivilegedProcess)
            return call;
        return call with
        {
            Program = "setpriv",
            Arguments = [$"--reuid={Uid}", $"--regid={Gid}", "--init-groups", "--", call.Program, .. call.Arguments],
            Environment = new Dictionary<string, string?>(call.Environment)
            {
                ["HOME"] = call.Environment.GetValueOrDefault("HOME") ?? Home,
                ["USER"] = Name,
                ["LOGNAME"] = Name,
            },
        };
    }

    private static OrdinaryUser? Lookup(string name) =>
        File.ReadLines("/etc/passwd")
            .Select(line => line.Split(':'))
            .Where(fields => fields.Length >= 7 && fields[0] == name)
            .Select(fields => new OrdinaryUser(name, int.Parse(fields[2]), int.Parse(fields[3]), fields[5]))
            .FirstOrDefault();

    private static async Task<OrdinaryUser> AddAsync(CancellationToken cancellationToken)
    {
        // Debian's useradd allots a subordinate id range of 65536 to ordinary users; mapped ids must be able to pass through the home.
        await ProgramRunner.RunAsync(new ProgramCall { Program = "useradd", Arguments = ["--create-home", "--shell", "/bin/sh", TestUser] }, cancellationToken);
        var user = Lookup(TestUser) ?? throw new InvalidOperationException($"useradd did not add {TestUser} to /etc/passwd.");
        await ProgramRunner.RunAsync(new ProgramCall { Program = "chmod", Arguments = ["755", user.Home] }, cancellationToken);
        return user;
    }
}
