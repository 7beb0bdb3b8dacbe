using System.Runtime.InteropServices;

namespace Ahoy.Client.Output;

/// <summary>
/// What the kernel says about the process's standard files. .NET's Console knows it too, but sets the terminal up when it is asked:
/// it writes ESC[?1h (terminfo's keypad_xmit), which whoever records the output gets to see.
/// </summary>
internal static partial class TerminalDevice
{
    private const int StandardInput = 0, StandardError = 2;
    // asm-generic/ioctls.h
    private const nuint WindowSize = 0x5413, BytesReadable = 0x541B;
    private const int UsualWidth = 80;

    /// <summary>Columns of the terminal that standard error is; 80 where it does not say.</summary>
    public static int Width
    {
        get
        {
            var size = new ushort[4];
            return GetWindowSize(StandardError, WindowSize, size) == 0 && size[1] > 0 ? size[1] : UsualWidth;
        }
    }

    /// <summary>True when standard input is a pipe or file that holds bytes which nobody has read.</summary>
    public static bool InputHasData() =>
        Console.IsInputRedirected && GetReadable(StandardInput, BytesReadable, out var bytes) == 0 && bytes > 0;

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int GetWindowSize(int descriptor, nuint request, [Out] ushort[] size);

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int GetReadable(int descriptor, nuint request, out int bytes);
}
