using Ahoy.Bench;
using Ahoy.Testing;

// bench/run starts this, with the names of figures when not all are wanted; the second form is how it starts itself inside a mount namespace.
if (args is [BareContainer.Word, var bundle, var runtime, var count])
    return BareContainer.RunInside(bundle, runtime, int.Parse(count));

await using var system = await LocalSystem.CreateAsync(asRoot: Environment.IsPrivilegedProcess, CancellationToken.None);
await system.RunAsync("up");
BusyboxImage.Write(system.Directory.Below("busybox"));
await system.RunAsync("base", "import", "busybox", system.Directory.Below("busybox"));
using var master = new MasterConnection(system.Login());

var table = new ResultTable();
bool Wanted(string figure) => args.Length == 0 || args.Contains(figure);
// Idle memory first, after one job: later figures would leave their marks in it.
await NoopJob.RunOnceAsync(master);
if (Wanted("memory"))
    await IdleMemory.MeasureAsync(system, table);
var noop = Wanted("noop") || Wanted("again") ? await NoopJob.MeasureAsync(system, master, table) : 0;
if (Wanted("again"))
    await RunAgain.MeasureAsync(system, noop, table);
if (Wanted("submissions"))
    await Submissions.MeasureAsync(system, master, table);
table.Print();
return 0;
