using System.Runtime.InteropServices;
using Ahoy.Contracts;

namespace Ahoy.Wrapper.Native;

/// <summary>The two ends of a pipe(2), both closed on exec.</summary>
internal readonly record struct Pipe(int ReadEnd, int WriteEnd)
{
    public static unsafe Pipe Create()
    {
        var ends = stackalloc int[2];
        if (Libc.Pipe2(ends, Libc.OCloseOnExec) != 0)
            throw new AhoyException(ErrorCode.RuntimeFailed, $"The wrapper could not make a pipe: {Marshal.GetLastPInvokeErrorMessage()}.", transient: true);
        return new Pipe(ends[0], ends[1]);
    }
}
