using System.Runtime.InteropServices;
using Ahoy.Wrapper.Native;
using Ahoy.Wrapper.Programs;
using Ahoy.Wrapper.Relay;

namespace Ahoy.Wrapper;

/// <summary>`ahoy wrapper`: the first process of every job's container.</summary>
public static class WrapperMain
{
    /// <summary>What is passed on to the program. SIGTERM also cancels the job. .NET takes the numbers of signals that it has no name for.</summary>
    private static readonly int[] Forwarded = [1 /* HUP */, 2 /* INT */, 3 /* QUIT */, 10 /* USR1 */, 12 /* USR2 */, Libc.SigTerm];

    /// <summary>Does what /ahoy/orders.json says (see <see cref="Contracts.Relay.WrapperOrders"/>) and returns the exit code for the container.</summary>
    public static int Run(string[] arguments)
    {
        var paths = WrapperPaths.InContainer;
        return File.Exists(paths.Orders) ? RunJob(paths) : RunByHand.Run(arguments);
    }

    private static int RunJob(WrapperPaths paths)
    {
        var scope = new ProcessScope(Libc.GetPid() == 1);
        // Under another init, orphans of the program are to come here all the same.
        if (!scope.IsFirstProcess)
            _ = Libc.PrCtl(Libc.PrSetChildSubreaper, 1, 0, 0, 0);

        // Neither the events nor the registrations are disposed: a signal may come until the process is gone.
        var events = new RunEvents();
        var registrations = Forwarded.Select(signal => PosixSignalRegistration.Create((PosixSignal)signal, context =>
        {
            context.Cancel = true;
            events.PostSignal(signal);
        })).ToList();
        var code = new WrapperRun(paths, events, scope, new RetryPolicy()).Run();
        GC.KeepAlive(registrations);
        return code;
    }
}
