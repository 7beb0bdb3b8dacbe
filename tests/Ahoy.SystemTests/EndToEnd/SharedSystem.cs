using Ahoy.Processes;
using Ahoy.Testing;

namespace Ahoy.SystemTests.EndToEnd;

/// <summary>One running system with the busybox base for all tests of a class; started by the first of them.</summary>
public abstract class SharedSystem(bool asRoot) : IAsyncLifetime
{
    private LocalSystem? _system;
    private Exception? _startFailed;

    /// <summary>The system, running. Skips the test when this computer lacks something.</summary>
    public async Task<LocalSystem> GetAsync()
    {
        SkipUnlessUsable(asRoot);
        if (_startFailed is not null)
            throw new InvalidOperationException("The system could not be started for an earlier test.", _startFailed);
        if (_system is not null)
            return _system;
        var system = await LocalSystem.CreateAsync(asRoot, TestContext.Current.CancellationToken);
        _system = system;
        try
        {
            await system.RunAsync("up");
            BusyboxImage.Write(system.Directory.Below("busybox"));
            await system.GiveToUserAsync(system.Directory.Below("busybox"), TestContext.Current.CancellationToken);
            await system.RunAsync("base", "import", "busybox", system.Directory.Below("busybox"));
        }
        catch (InvalidOperationException e)
        {
            _startFailed = e;
            throw;
        }

        return system;
    }

    /// <summary>What every end-to-end test needs.</summary>
    public static void SkipUnlessUsable(bool asRoot)
    {
        Need(PublishedAhoy.Path is not null, PublishedAhoy.MissingReason);
        Need(BusyboxImage.Available, BusyboxImage.MissingReason);
        Need(ProgramRunner.Find("crun") is not null || ProgramRunner.Find("runc") is not null, "neither crun nor runc is installed.");
        // Without root as the runner there is nobody who could become root.
        Assert.SkipUnless(!asRoot || Environment.IsPrivilegedProcess, "only root can test how it works as root.");
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_system is not null)
            await _system.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Skips the test, or fails it where everything must be there.</summary>
    internal static void Need(bool condition, string reason)
    {
        Require.That(condition, reason);
        Assert.SkipUnless(condition, reason);
    }
}
