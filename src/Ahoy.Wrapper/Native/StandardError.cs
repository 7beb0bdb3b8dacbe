using System.Text;

namespace Ahoy.Wrapper.Native;

/// <summary>The wrapper's own standard error, which the container's runtime keeps. Written without Console, which costs milliseconds at its first use.</summary>
internal static class StandardError
{
    /// <summary>Writes one line; when nobody takes it, there is nobody left to tell.</summary>
    public static unsafe void WriteLine(string text)
    {
        var bytes = Encoding.UTF8.GetBytes("ahoy wrapper: " + text + "\n");
        fixed (byte* start = bytes)
        {
            _ = Libc.Write(2, start, bytes.Length);
        }
    }
}
