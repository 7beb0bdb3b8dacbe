using System.Diagnostics;
using System.Formats.Tar;
using Ahoy.Contracts;
using Ahoy.Runtimes;

namespace Ahoy.SystemTests.Runtimes;

/// <summary>
/// What every container runtime must do, with real containers. The tests are explicit because they need a daemon's namespaces:
/// <see cref="NamespacedRuntimeTests"/> runs them there, as root and as ordinary users.
/// </summary>
public abstract class ContainerRuntimeContract(string program) : IAsyncLifetime
{
    private static readonly TimeSpan LongGrace = TimeSpan.FromSeconds(30);
    private readonly string _directory = Path.Combine(Environment.GetEnvironmentVariable(DaemonNamespaceEntry.Variable) ?? Path.GetTempPath(), Guid.NewGuid().ToString("N")[..8]);
    private readonly TestImage _image = new(("etc/kept", null));
    private IContainerRuntime _runtime = null!;
    private RuntimeStatus _status = null!;

    private string State => Path.Combine(_directory, "state");
    private string OutputFile => Path.Combine(_directory, "output");
    private string Output => File.ReadAllText(OutputFile);
    private static CancellationToken None => CancellationToken.None;

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(_directory);
        _runtime = ContainerRuntimes.Create(program, State, layerBytes: null);
        _status = await _runtime.ProbeAsync(None);
        Assert.True(_status.Usable, _status.Reason);
        await _runtime.PrepareImageAsync(_image.Manifest, _image, None);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var container in await _runtime.ListAsync(None))
            await _runtime.RemoveAsync(container, None);
        Assert.Empty(Directory.GetDirectories(Path.Combine(State, "containers", program)));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(State, "runtime", program)));
        Assert.DoesNotContain(_directory, await File.ReadAllTextAsync("/proc/self/mountinfo"), StringComparison.Ordinal);
        Directory.Delete(_directory, recursive: true);
        GC.SuppressFinalize(this);
    }

    [Fact(Explicit = true)]
    public async Task Run_ProgramThatPrintsAndExits_GivesItsOutputAndCode()
    {
        var exit = await RunAsync("echo out; echo err >&2; exit 7");
        Assert.Equal(7, exit.ExitCode);
        // runc copies the two streams through pipes of its own, which loses their order.
        Assert.Equal(["err", "out"], Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        Assert.False(exit.OutOfMemory);
        if (_status.EnforcesMemory)
            Assert.InRange(exit.PeakMemoryBytes!.Value, 1, 64 << 20);
        else
            Assert.Null(exit.PeakMemoryBytes);
    }

    [Fact(Explicit = true)]
    public async Task Run_ProgramThatASignalEnds_Gives128AndTheSignal()
    {
        // The first process ignores signals that it does not handle: a kill from inside must hit a child.
        var exit = await RunAsync("sh -c 'kill -SEGV $$'; exit $?");
        Assert.Equal(139, exit.ExitCode);
    }

    [Fact(Explicit = true)]
    public async Task Run_EnvironmentAndWorkingDirectory_AreExactlyTheGivenOnes()
    {
        await RunAsync("pwd; env", spec => spec with
        {
            WorkingDirectory = "/made/for/it",
            Environment = new Dictionary<string, string> { ["PATH"] = "/bin", ["GREETING"] = "hello world" },
        });
        var lines = Output.Split('\n');
        Assert.Equal("/made/for/it", lines[0]);
        Assert.Contains("GREETING=hello world", lines);
        Assert.All(lines[1..^1], line => Assert.Matches("^(PATH|GREETING|PWD|SHLVL|HOME|OLDPWD)=", line));
    }

    [Fact(Explicit = true)]
    public async Task Run_ByDefault_HasNoPrivileges()
    {
        await RunAsync("exec 2>&1; id -u; id -g; cat /proc/self/status; unshare -U true || echo no-namespaces; mount -t tmpfs t /tmp || echo no-mount");
        var lines = Output.Split('\n');
        var user = _status.HasIdRange || program == "crun" ? "1000" : "0";
        Assert.Equal([user, user], lines[..2]);
        Assert.All(new[] { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" }, set => Assert.Contains($"{set}:\t0000000000000000", lines));
        Assert.Contains("NoNewPrivs:\t1", lines);
        Assert.Contains("Seccomp:\t2", lines);
        Assert.Contains("no-namespaces", lines);
        Assert.Contains("no-mount", lines);
    }

    [Fact(Explicit = true)]
    public async Task Run_ByDefault_SeesOnlyItself()
    {
        await RunAsync("ls /proc | grep -c '^[0-9]'; ip -o link | wc -l; hostname; ls /dev; cat /etc/hosts; cat /etc/resolv.conf; stat -c %a /tmp; touch /tmp/a /dev/shm/a && echo writable");
        var lines = Output.Split('\n');
        Assert.InRange(int.Parse(lines[0], null), 1, 4);
        Assert.Equal("1", lines[1]);
        Assert.Equal("contract-1", lines[2]);
        Assert.DoesNotContain("vda", lines);
        Assert.Contains("null", lines);
        Assert.Contains("127.0.0.1 localhost", lines);
        Assert.Equal(["1777", "writable"], lines[^3..^1]);
    }

    [Fact(Explicit = true)]
    public async Task Run_WithTheHostsNetwork_SeesItsInterfacesAndNameServers()
    {
        await RunAsync("ip -o link | wc -l; cat /etc/resolv.conf; ls /sys/class/net | wc -l", spec => spec with { Network = ContainerNetwork.Host });
        var interfaces = Directory.GetDirectories("/sys/class/net").Length;
        Assert.Equal($"{interfaces}\n{await File.ReadAllTextAsync("/etc/resolv.conf")}{interfaces}\n", Output);
    }

    [Fact(Explicit = true)]
    public async Task Mounts_ReadOnlyWritableAndOwned_BehaveSo()
    {
        var fixedFile = Path.Combine(_directory, "fixed");
        await File.WriteAllTextAsync(fixedFile, "host\n");
        var scratch = Directory.CreateDirectory(Path.Combine(_directory, "scratch")).FullName;
        var exit = await RunAsync("cat /in/fixed; echo x > /in/fixed || echo refused; echo result > out", spec => spec with
        {
            WorkingDirectory = "/scratch",
            Mounts =
            [
                new ContainerMount { Source = fixedFile, Target = "/in/fixed", ReadOnly = true },
                new ContainerMount { Source = scratch, Target = "/scratch", Owned = true },
            ],
        });
        Assert.Equal(0, exit.ExitCode);
        Assert.Contains("host\n", Output, StringComparison.Ordinal);
        Assert.Contains("refused\n", Output, StringComparison.Ordinal);
        Assert.Equal("host\n", await File.ReadAllTextAsync(fixedFile));
        Assert.Equal("result\n", await File.ReadAllTextAsync(Path.Combine(scratch, "out")));
    }

    [Fact(Explicit = true)]
    public async Task Mount_OfAMissingSource_FailsNamingItAndLeavesNothing()
    {
        var spec = Spec("true") with { Mounts = [new ContainerMount { Source = "/no/such/volume", Target = "/data" }] };
        var error = await Assert.ThrowsAsync<AhoyException>(() => _runtime.StartAsync(spec, None));
        Assert.Contains("/no/such/volume", error.Message, StringComparison.Ordinal);
        Assert.Empty(await _runtime.ListAsync(None));
    }

    [Fact(Explicit = true)]
    public async Task Start_OfAProgramThatIsNotInTheImage_FailsNamingIt()
    {
        var spec = Spec("true") with { Command = ["/bin/absent"] };
        string said;
        try
        {
            var exit = await _runtime.WaitAsync(await _runtime.StartAsync(spec, None), None);
            Assert.NotEqual(0, exit.ExitCode);
            said = exit.RuntimeOutput;
        }
        catch (AhoyException e)
        {
            Assert.Equal(ErrorCode.RuntimeFailed, e.Code);
            said = e.Message;
        }

        Assert.Contains("absent", said, StringComparison.Ordinal);
    }

    [Fact(Explicit = true)]
    public async Task FirstProcess_TermFromInside_IsRefusedAndOtherSignalsArrive()
    {
        // Only the host can end the first process, so that what ends it is never the program's doing.
        await RunAsync("trap 'echo got usr1' USR1; trap 'echo got term' TERM; sh -c 'kill -TERM 1 && echo sent; kill -USR1 1'; sh -c 'kill -TERM $$'; echo end $?");
        Assert.DoesNotContain("got term", Output, StringComparison.Ordinal);
        Assert.DoesNotContain("sent", Output, StringComparison.Ordinal);
        Assert.Contains("Operation not permitted", Output, StringComparison.Ordinal);
        Assert.Contains("got usr1", Output, StringComparison.Ordinal);
        Assert.Contains("end 143", Output, StringComparison.Ordinal);
    }

    [Fact(Explicit = true)]
    public async Task Image_ChangedByOneContainer_IsUnchangedForTheNext()
    {
        await RunAsync("echo changed > /etc/kept; rm /etc/kept; touch /etc/new", spec => spec with { Root = true });
        await _runtime.RemoveAsync(new ContainerHandle("contract.1"), None);
        File.Delete(OutputFile);
        await RunAsync("cat /etc/kept; ls /etc");
        Assert.StartsWith("image\n", Output, StringComparison.Ordinal);
        Assert.DoesNotContain("new", Output, StringComparison.Ordinal);
    }

    [Fact(Explicit = true)]
    public async Task PrepareImage_Twice_ReadsNothingTheSecondTime()
    {
        var opened = _image.Opened;
        await _runtime.PrepareImageAsync(_image.Manifest, _image, None);
        Assert.Equal(opened, _image.Opened);
    }

    [Fact(Explicit = true)]
    public async Task Memory_AboveTheLimit_IsKilledAndSaidSo()
    {
        if (!_status.EnforcesMemory)
        {
            Assert.Contains("memory", _status.EnforcementReason, StringComparison.Ordinal);
            return;
        }

        var exit = await RunAsync("dd if=/dev/zero of=/dev/null bs=200M count=1", spec => spec with { MemoryBytes = 64 << 20 });
        Assert.Equal(137, exit.ExitCode);
        Assert.True(exit.OutOfMemory);
        Assert.InRange(exit.PeakMemoryBytes!.Value, 32 << 20, 65 << 20);
    }

    [Fact(Explicit = true)]
    public async Task Processes_AboveTheLimit_CanNotBeMade()
    {
        if (!_status.EnforcesPids)
        {
            Assert.Contains("pids", _status.EnforcementReason, StringComparison.Ordinal);
            return;
        }

        await RunAsync("for i in $(seq 200); do sleep 60 & done; echo all", spec => spec with { PidsLimit = 50 });
        Assert.DoesNotContain("all", Output, StringComparison.Ordinal);
        Assert.Contains("fork", Output, StringComparison.Ordinal);
    }

    [Fact(Explicit = true)]
    public async Task Cpu_AboveTheLimit_IsSlowedDown()
    {
        if (!_status.EnforcesCpu)
        {
            Assert.Contains("cpu", _status.EnforcementReason, StringComparison.Ordinal);
            return;
        }

        // Two loops for two seconds on one processor: times(2) of the children may not show more.
        await RunAsync("for i in 1 2; do (while :; do :; done) & done; sleep 2; kill $(jobs -p); wait; cat /proc/self/stat >/dev/null; times", spec => spec with { Cpus = 1 });
        var children = Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1].Split(' ');
        Assert.InRange(children.Sum(Seconds), 0.1, 2.5);
    }

    // "0m1.98s"
    private static double Seconds(string time) =>
        (60 * double.Parse(time.Split('m')[0], null)) + double.Parse(time.Split('m')[1].TrimEnd('s'), null);

    [Fact(Explicit = true)]
    public async Task Stop_OfAProgramThatHandlesTheSignal_LetsItFinish()
    {
        var container = await StartAndAwaitAsync("trap 'echo finishing; exit 3' TERM; echo ready; while :; do sleep 1; done");
        await _runtime.StopAsync(container, LongGrace, None);
        var exit = await _runtime.WaitAsync(container, None);
        Assert.Equal(3, exit.ExitCode);
        Assert.Contains("finishing", Output, StringComparison.Ordinal);
    }

    [Fact(Explicit = true)]
    public async Task Stop_OfAProgramThatIgnoresTheSignal_KillsItAfterTheGrace()
    {
        var container = await StartAndAwaitAsync("trap '' TERM; (while :; do sleep 1; done) & echo ready; while :; do sleep 1; done");
        var clock = Stopwatch.StartNew();
        await _runtime.StopAsync(container, TimeSpan.FromMilliseconds(500), None);
        Assert.InRange(clock.Elapsed, TimeSpan.FromMilliseconds(450), TimeSpan.FromSeconds(8));
        Assert.Equal(137, (await _runtime.WaitAsync(container, None)).ExitCode);
        await _runtime.StopAsync(container, LongGrace, None);
    }

    [Fact(Explicit = true)]
    public async Task Remove_OfARunningContainer_LeavesNothing()
    {
        var container = await StartAndAwaitAsync(": ahoy-contract-marker; (while :; do sleep 1; done) & echo ready; mkdir -p /tmp/a/b; while :; do sleep 1; done");
        await _runtime.RemoveAsync(container, None);
        Assert.Empty(await _runtime.ListAsync(None));
        await _runtime.RemoveAsync(container, None);
        // What remains is checked at the end of every test and, for the host, by the outer one.
    }

    [Fact(Explicit = true)]
    public async Task Restart_WhileAContainerRuns_FindsItAndItsEnd()
    {
        var container = await StartAndAwaitAsync("echo ready; while [ ! -e /tmp/go ]; do sleep 0.1; done; exit 5", spec => spec with
        {
            Mounts = [new ContainerMount { Source = Directory.CreateDirectory(Path.Combine(_directory, "signal")).FullName, Target = "/tmp", Owned = true }],
        });
        var later = ContainerRuntimes.Create(program, State, layerBytes: null);
        Assert.Equal([container], await later.ListAsync(None));
        var end = later.WaitAsync(container, None);
        Assert.False(end.IsCompleted);
        await File.WriteAllTextAsync(Path.Combine(_directory, "signal", "go"), "");
        Assert.Equal(5, (await end).ExitCode);
        // And once more when it has ended long ago.
        Assert.Equal(5, (await ContainerRuntimes.Create(program, State, layerBytes: null).WaitAsync(container, None)).ExitCode);
    }

    [Fact(Explicit = true)]
    public async Task MountTargets_ThatAHostileImageMadeLinks_StayInsideTheContainer()
    {
        var outside = Directory.CreateDirectory(Path.Combine(_directory, "outside")).FullName;
        var source = Path.Combine(_directory, "source");
        await File.WriteAllTextAsync(source, "mounted\n");
        var hostile = new TestImage(("data", outside), ("etc/resolv.conf", Path.Combine(outside, "resolv.conf")), ("tmp", outside));
        await _runtime.PrepareImageAsync(hostile.Manifest, hostile, None);
        try
        {
            await RunAsync("cat /data/file", spec => spec with
            {
                Image = hostile.Manifest,
                WorkingDirectory = "/data/below",
                Mounts = [new ContainerMount { Source = source, Target = "/data/file", ReadOnly = true }],
            });
        }
        catch (AhoyException e)
        {
            // Refusing such an image is as good.
            Assert.Equal(ErrorCode.RuntimeFailed, e.Code);
        }

        Assert.Empty(Directory.GetFileSystemEntries(outside));
        Assert.NotEqual((UnixFileMode)0x3FF, File.GetUnixFileMode(outside));
    }

    [Fact(Explicit = true)]
    public async Task ExportChanges_OfWhatAContainerWroteAndDeleted_IsALayer()
    {
        var exit = await RunAsync("mkdir /opt; echo new > /opt/file; rm /etc/kept; echo secret > /opt/excluded", spec => spec with { Root = true });
        Assert.Equal(0, exit.ExitCode);
        using var layer = new MemoryStream();
        await _runtime.ExportChangesAsync(new ContainerHandle("contract.1"), layer, new HashSet<string> { "opt/excluded" }, None);
        layer.Position = 0;
        using var tar = new TarReader(layer);
        var names = new List<string>();
        while (tar.GetNextEntry() is { } entry)
            names.Add(entry.Name.Trim('/'));
        Assert.Contains("opt/file", names);
        Assert.Contains("etc/.wh.kept", names);
        Assert.DoesNotContain(names, name => name is "opt/excluded" or "etc/hosts" or "etc/resolv.conf" or "proc" or "sys" or "dev");
    }

    [Fact(Explicit = true)]
    public async Task Root_ForPackageBuilds_MayChangeOwnersWhereThereAreSeveral()
    {
        await RunAsync("id -u; touch /a; chown 33:33 /a 2>/dev/null && stat -c %u /a", spec => spec with { Root = true });
        Assert.StartsWith("0\n", Output, StringComparison.Ordinal);
        Assert.Equal(_status.HasIdRange, Output == "0\n33\n");
    }

    [Fact(Explicit = true)]
    public async Task Start_OfManyAtOnce_AllRun()
    {
        var names = Enumerable.Range(0, 8).Select(number => $"many.{number}").ToList();
        var exits = await Task.WhenAll(names.Select(async name =>
        {
            var spec = Spec("exit 4") with { Name = name, OutputFile = Path.Combine(_directory, name) };
            var exit = await _runtime.WaitAsync(await _runtime.StartAsync(spec, None), None);
            await _runtime.RemoveAsync(new ContainerHandle(name), None);
            return exit.ExitCode;
        }));
        Assert.All(exits, code => Assert.Equal(4, code));
    }

    private ContainerSpec Spec(string script) => new()
    {
        Name = "contract.1",
        Image = _image.Manifest,
        Command = ["/bin/sh", "-c", script],
        Environment = new Dictionary<string, string> { ["PATH"] = "/bin" },
        OutputFile = OutputFile,
        MemoryBytes = 256 << 20,
    };

    private async Task<ContainerExit> RunAsync(string script, Func<ContainerSpec, ContainerSpec>? change = null)
    {
        var spec = Spec(script);
        var container = await _runtime.StartAsync(change is null ? spec : change(spec), None);
        return await _runtime.WaitAsync(container, None);
    }

    /// <summary>Starts a script that prints "ready" and returns when it has.</summary>
    private async Task<ContainerHandle> StartAndAwaitAsync(string script, Func<ContainerSpec, ContainerSpec>? change = null)
    {
        using var changed = new SemaphoreSlim(0);
        using var watcher = new FileSystemWatcher(_directory, Path.GetFileName(OutputFile)) { NotifyFilter = NotifyFilters.Size, EnableRaisingEvents = true };
        watcher.Changed += (_, _) => changed.Release();
        var spec = Spec(script);
        var container = await _runtime.StartAsync(change is null ? spec : change(spec), None);
        while (!Output.Contains("ready\n", StringComparison.Ordinal))
            Assert.True(await changed.WaitAsync(TimeSpan.FromSeconds(10)), $"The container never became ready: {Output}");
        return container;
    }
}
