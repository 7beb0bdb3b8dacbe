using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Ahoy.Runtimes.Oci;

/// <summary>The smallest program there is: it exits with 0. So a real container can be tried on a host that has no image yet.</summary>
internal static class ProbeProgram
{
    private const ulong LoadAddress = 0x400000;
    private const int HeaderBytes = 64, SegmentBytes = 56;

    /// <summary>A static ELF executable for this machine (System V ABI, "Object Files"); null for a processor that is not known here.</summary>
    public static byte[]? Create()
    {
        (ushort Machine, byte[] Code)? target = RuntimeInformation.ProcessArchitecture switch
        {
            // mov eax, 60 (exit); xor edi, edi; syscall
            Architecture.X64 => (62, [0xB8, 60, 0, 0, 0, 0x31, 0xFF, 0x0F, 0x05]),
            // mov x8, 93 (exit); mov x0, 0; svc 0
            Architecture.Arm64 => (183, [0xA8, 0x0B, 0x80, 0xD2, 0x00, 0x00, 0x80, 0xD2, 0x01, 0x00, 0x00, 0xD4]),
            _ => null,
        };
        if (target is not { } chosen)
            return null;
        var file = new byte[HeaderBytes + SegmentBytes + chosen.Code.Length];
        byte[] identification = [0x7F, (byte)'E', (byte)'L', (byte)'F', 2 /* 64 bits */, 1 /* little endian */, 1];
        identification.CopyTo(file, 0);
        Half(file, 16, 2); // e_type: executable
        Half(file, 18, chosen.Machine);
        Word(file, 20, 1); // e_version
        Long(file, 24, LoadAddress + HeaderBytes + SegmentBytes); // e_entry
        Long(file, 32, HeaderBytes); // e_phoff
        Half(file, 52, HeaderBytes);
        Half(file, 54, SegmentBytes);
        Half(file, 56, 1); // e_phnum
        Word(file, HeaderBytes, 1); // p_type: load
        Word(file, HeaderBytes + 4, 5); // p_flags: read, execute
        Long(file, HeaderBytes + 16, LoadAddress); // p_vaddr
        Long(file, HeaderBytes + 24, LoadAddress); // p_paddr
        Long(file, HeaderBytes + 32, (ulong)file.Length); // p_filesz
        Long(file, HeaderBytes + 40, (ulong)file.Length); // p_memsz
        Long(file, HeaderBytes + 48, 0x1000); // p_align
        chosen.Code.CopyTo(file, HeaderBytes + SegmentBytes);
        return file;
    }

    private static void Half(byte[] file, int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(at), value);

    private static void Word(byte[] file, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(at), value);

    private static void Long(byte[] file, int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(at), value);
}
