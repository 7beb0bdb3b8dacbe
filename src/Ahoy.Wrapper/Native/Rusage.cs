using System.Runtime.InteropServices;

namespace Ahoy.Wrapper.Native;

/// <summary>struct rusage of 64-bit Linux (getrusage(2)): two struct timeval and fourteen longs.</summary>
[StructLayout(LayoutKind.Sequential, Size = 144)]
internal struct Rusage
{
    public long UserSeconds;
    public long UserMicroseconds;
    public long SystemSeconds;
    public long SystemMicroseconds;
    /// <summary>Largest resident set of any one process, in KiB.</summary>
    public long MaxResidentKibibytes;
}
