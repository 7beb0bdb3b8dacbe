using System.Globalization;
using Ahoy.Processes;
using Ahoy.Testing;

namespace Ahoy.SystemTests.Runtimes;

/// <summary>Runs the runtime contract inside a daemon's namespaces, once per kind of user.</summary>
public sealed class NamespacedRuntimeTests
{
    private const string WithRange = "ordinary user with subordinate ids";
    private const string Delegated = "ordinary user with delegated cgroups";

    // What an administrator does for a user on cgroup v1: $1 user, $2 name, then the command.
    private const string Delegate =
        """
        user=$1 name=$2; shift 2
        for c in memory cpu pids; do
            d=/sys/fs/cgroup/$c$(sed -n "s/^[0-9]*:$c://p" /proc/self/cgroup | sed 's,/$,,')/$name
            mkdir "$d" && chown -R "$user" "$d" && echo $$ >"$d/cgroup.procs" || exit 99
        done
        "$@"
        code=$?
        for c in memory cpu pids; do
            d=/sys/fs/cgroup/$c$(sed -n "s/^[0-9]*:$c://p" /proc/self/cgroup | sed 's,/$,,')
            echo $$ >"${d%/*}/cgroup.procs"
            rmdir "$d" || exit 98
        done
        exit $code
        """;

    public static TheoryData<string, Type> Cases()
    {
        var cases = new TheoryData<string, Type>();
        foreach (var user in new[] { "root", WithRange, "ordinary user with a single id", Delegated })
        {
            cases.Add(user, typeof(CrunRuntimeTests));
            cases.Add(user, typeof(RuncRuntimeTests));
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Runtime_InTheNamespacesOfADaemon_KeepsItsContract(string user, Type contract)
    {
        var program = contract == typeof(CrunRuntimeTests) ? "crun" : "runc";
        Need(ProgramRunner.Find(program) is not null, $"{program} is not installed");
        Need(File.Exists("/bin/busybox"), "/bin/busybox (package busybox-static) is not installed");
        var before = Leftovers();
        var state = Directory.CreateTempSubdirectory("ahoy.").FullName;
        try
        {
            var output = await ProgramRunner.TryRunAsync(Inner(user, "-class", contract.FullName!, state), CancellationToken.None);
            Assert.True(output.ExitCode == 0, $"As {user} the contract is broken:\n{output.Output}\n{output.Error}");
            Assert.Matches(@"Failed: 0.*Not Run: 0", output.Output);
            Assert.DoesNotContain("Total: 0", output.Output, StringComparison.Ordinal);
            Assert.Empty(Directory.EnumerateFileSystemEntries(state));
        }
        finally
        {
            Directory.Delete(state, recursive: true);
        }

        Assert.Equal(before, Leftovers());
    }

    [Theory]
    [InlineData("root")]
    [InlineData(WithRange)]
    [InlineData("ordinary user with a single id")]
    public async Task Daemon_RestartedWhileAContainerRuns_JoinsItsNamespacesAndEndsIt(string user)
    {
        Need(ProgramRunner.Find("crun") is not null && File.Exists("/bin/busybox"), "crun or busybox-static is not installed");
        var state = Directory.CreateTempSubdirectory("ahoy.").FullName;
        try
        {
            foreach (var step in new[] { nameof(DaemonRestartSteps.First_StartsAContainerAndEnds), nameof(DaemonRestartSteps.Second_FindsItAndEndsIt) })
            {
                var output = await ProgramRunner.TryRunAsync(Inner(user, "-method", $"{typeof(DaemonRestartSteps).FullName}.{step}", state), CancellationToken.None);
                Assert.True(output.ExitCode == 0, $"As {user}, {step}:\n{output.Output}\n{output.Error}");
                Assert.Contains("Total: 1,", output.Output, StringComparison.Ordinal);
            }
        }
        finally
        {
            Directory.Delete(state, recursive: true);
        }
    }

    private static ProgramCall Inner(string user, string option, string what, string state)
    {
        string[] suite = [Environment.ProcessPath!, .. DotnetArguments(), "-explicit", "only", "-noColor", option, what];
        string[] command = user switch
        {
            "root" => suite,
            WithRange => [.. AsUser(UserWithRange()), .. suite],
            Delegated => ["sh", "-c", Delegate, "sh", UserWithRange(), Path.GetFileName(state), .. AsUser(UserWithRange()), .. suite],
            _ => [.. AsUser("54321"), .. suite],
        };
        if (user == Delegated)
            Need(Directory.Exists("/sys/fs/cgroup/memory"), "this host has no cgroup v1 to delegate");
        if (user is "root" or Delegated)
            Need(Environment.UserName == "root", "these tests do not run as root");
        if (user != "root" && Environment.UserName == "root")
            Chown(state, user);
        return new ProgramCall
        {
            Program = command[0],
            Arguments = command[1..],
            Environment = new Dictionary<string, string?> { [DaemonNamespaceEntry.Variable] = state, ["HOME"] = state, ["DOTNET_EnableDiagnostics"] = "0" },
        };
    }

    private static string[] DotnetArguments() =>
        Path.GetFileName(Environment.ProcessPath) == "dotnet" ? [typeof(NamespacedRuntimeTests).Assembly.Location] : [];

    private static string[] AsUser(string user) =>
        Environment.UserName == "root"
            ? user.All(char.IsAsciiDigit)
                ? ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"]
                : ["setpriv", "--reuid", user, "--regid", user, "--init-groups"]
            : [];

    private static string UserWithRange()
    {
        var user = File.Exists("/etc/subuid") ? File.ReadLines("/etc/subuid").Select(line => line.Split(':')[0]).FirstOrDefault() : null;
        Need(user is not null && ProgramRunner.Find("newuidmap") is not null, "no user has a range in /etc/subuid (or newuidmap, package uidmap, is not installed)");
        return Environment.UserName == "root" ? user! : Environment.UserName;
    }

    private static void Chown(string state, string user)
    {
        var name = user is WithRange or Delegated ? UserWithRange() : "54321";
        var output = ProgramRunner.RunAsync(new ProgramCall { Program = "chown", Arguments = [name, state] }, CancellationToken.None);
        output.GetAwaiter().GetResult();
    }

    /// <summary>Mounts and cgroups of the host that nobody may leave behind.</summary>
    private static List<string> Leftovers() =>
    [
        .. File.ReadLines("/proc/self/mountinfo").Where(line => line.Contains("/containers/", StringComparison.Ordinal)),
        .. File.ReadLines("/proc/self/cgroup")
            .Select(line => line.Split(':'))
            .Select(fields => $"/sys/fs/cgroup/{fields[1].Replace("name=", "", StringComparison.Ordinal)}{fields[2]}")
            .Where(Directory.Exists)
            .SelectMany(directory => Directory.EnumerateDirectories(directory, "ahoy-*"))
            .Order(StringComparer.Ordinal),
        .. Directory.EnumerateDirectories("/proc")
            .Where(process => int.TryParse(Path.GetFileName(process), CultureInfo.InvariantCulture, out _))
            .Where(process => CommandLine(process).Contains("ahoy-contract-marker", StringComparison.Ordinal)),
    ];

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (IOException)
        {
            // It ended meanwhile.
            return "";
        }
    }

    private static void Need(bool condition, string reason)
    {
        Require.That(condition, reason);
        Assert.SkipUnless(condition, reason);
    }
}
