using System.Runtime.InteropServices;

namespace Ahoy.Runtimes;

/// <summary>Daemons live for months beside other people's programs: after heavy work they give memory back at once, not when the collector next happens to run.</summary>
public static partial class DaemonMemory
{
    /// <summary>Collects everything and returns free pages to the system (malloc_trim(3) for what native code held). Takes some milliseconds.</summary>
    public static void GiveBack()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        _ = TrimNative(0);
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int TrimNative(nuint keep);
}
