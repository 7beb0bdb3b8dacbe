using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Ahoy.Wrapper.Native;

namespace Ahoy.Wrapper.Programs;

/// <summary>Turns the error number of a failed start into what is wrong with the file, by looking into it.</summary>
internal static class StartFailure
{
    public static CannotStartException Explain(string command, string file, int error)
    {
        var head = ReadHead(file);
        var (reason, hint) = error switch
        {
            Libc.ENoEnt or Libc.ELoop when Interpreter(file, head) is { } interpreter =>
                ($"its interpreter {interpreter} is not in the image", $"Add what brings {interpreter} to the image (--package or --add)."),
            Libc.ENoExec => BadFormat(file, head),
            Libc.EAcces => ($"permission denied for {file} or its interpreter {Interpreter(file, head) ?? "(none)"}", "Check the execute permissions, and that the file system is not mounted noexec."),
            Libc.E2Big => ("its arguments and environment together are too long for the kernel", "Pass long lists in a file."),
            _ => ($"{file}: {Marshal.GetPInvokeErrorMessage(error)}", (string?)null),
        };
        return new CannotStartException(CannotStartException.NotExecutable, $"The program \"{command}\" could not be started: {reason}.", hint);
    }

    private static (string Reason, string? Hint) BadFormat(string file, byte[] head)
    {
        if (IsElf(head))
        {
            var machine = BinaryPrimitives.ReadUInt16LittleEndian(head.AsSpan(18));
            return ($"{file} is a program for another processor ({MachineName(machine)}) than this host's ({RuntimeInformation.ProcessArchitecture})", "Build it for this processor, or ask for an agent of the other kind.");
        }

        return head.Length == 0
            ? ($"{file} is empty", "Check that the file was written completely before it was added.")
            : ($"{file} is neither a program for this system nor a script that names its interpreter", "Begin a script with a line such as #!/bin/sh.");
    }

    /// <summary>What the kernel must load first: the program of the #! line (execve(2), Interpreter scripts) or the dynamic linker of an ELF file (elf(5), PT_INTERP).</summary>
    private static string? Interpreter(string file, byte[] head)
    {
        if (head is [(byte)'#', (byte)'!', ..])
        {
            var line = Encoding.UTF8.GetString(head).Split('\n')[0][2..].Trim(' ', '\t');
            var name = line.Split(' ', '\t')[0];
            // A script written on Windows names "/bin/sh\r", which looks right in a terminal.
            return name.EndsWith('\r') ? $"\"{name.TrimEnd('\r')}\\r\" (the script has Windows line ends)" : name;
        }

        return IsElf(head) && head[4] == 2 ? ElfInterpreter(head) : null;
    }

    private static string? ElfInterpreter(byte[] head)
    {
        const int ProgramHeaderInterpreter = 3;
        var offset = BinaryPrimitives.ReadInt64LittleEndian(head.AsSpan(32));
        var size = BinaryPrimitives.ReadUInt16LittleEndian(head.AsSpan(54));
        var count = BinaryPrimitives.ReadUInt16LittleEndian(head.AsSpan(56));
        for (var i = 0; i < count; i++)
        {
            var start = offset + (i * (long)size);
            if (start < 0 || start + 40 > head.Length)
                return null;
            var header = head.AsSpan((int)start);
            if (BinaryPrimitives.ReadUInt32LittleEndian(header) != ProgramHeaderInterpreter)
                continue;
            var nameStart = BinaryPrimitives.ReadInt64LittleEndian(header[8..]);
            var nameLength = BinaryPrimitives.ReadInt64LittleEndian(header[32..]);
            return nameStart >= 0 && nameLength is > 0 and < 4096 && nameStart + nameLength <= head.Length
                ? Encoding.UTF8.GetString(head.AsSpan((int)nameStart, (int)nameLength)).TrimEnd('\0')
                : null;
        }

        return null;
    }

    private static bool IsElf(byte[] head) => head.Length >= 64 && head.AsSpan().StartsWith("\u007fELF"u8);

    /// <summary>e_machine of the ELF header (elf(5)).</summary>
    private static string MachineName(ushort machine) => machine switch
    {
        3 => "32-bit x86",
        40 => "32-bit ARM",
        62 => "x86-64",
        183 => "ARM 64",
        243 => "RISC-V",
        21 => "POWER",
        22 => "IBM Z",
        _ => $"ELF machine {machine}",
    };

    /// <summary>The first bytes of the file; none when it cannot be read, because a program may be executable without being readable.</summary>
    private static byte[] ReadHead(string file)
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read);
            var head = new byte[4096];
            return head[..stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
