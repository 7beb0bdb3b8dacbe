using System.Runtime.InteropServices;
using System.Text;
using Ahoy.Contracts;

namespace Ahoy.Wrapper.Native;

/// <summary>A null-terminated array of C strings (argv, envp) outside the managed heap.</summary>
internal sealed unsafe class CStrings : IDisposable
{
    private byte** _array;
    private readonly int _count;

    /// <exception cref="AhoyException"><see cref="ErrorCode.InvalidRequest"/>: a string holds a NUL, which would cut it short.</exception>
    public CStrings(IReadOnlyCollection<string> strings, string what)
    {
        foreach (var text in strings)
        {
            if (text.Contains('\0', StringComparison.Ordinal))
                throw new AhoyException(ErrorCode.InvalidRequest, $"The {what} \"{text.Replace("\0", "\\0", StringComparison.Ordinal)}\" holds a NUL character, which no program can be given.");
        }

        _array = (byte**)NativeMemory.AllocZeroed((nuint)strings.Count + 1, (nuint)sizeof(byte*));
        foreach (var text in strings)
        {
            var bytes = (byte*)NativeMemory.Alloc((nuint)Encoding.UTF8.GetByteCount(text) + 1);
            var length = Encoding.UTF8.GetBytes(text, new Span<byte>(bytes, Encoding.UTF8.GetByteCount(text)));
            bytes[length] = 0;
            _array[_count++] = bytes;
        }
    }

    public byte** Pointer => _array;

    public void Dispose()
    {
        for (var i = 0; i < _count; i++)
        {
            NativeMemory.Free(_array[i]);
        }

        NativeMemory.Free(_array);
        _array = null;
    }
}
