using System.Runtime.InteropServices;

namespace Ahoy.Runtimes.Oci;

/// <summary>
/// The system call filter of every container, from seccomp.txt. For the machine's own architecture only: each further one
/// (32-bit programs) would cost every start milliseconds of compilation by libseccomp.
/// </summary>
internal static class SeccompProfile
{
    private const string Allow = "SCMP_ACT_ALLOW", Refuse = "SCMP_ACT_ERRNO";
    private const ulong FirstProcess = 1, SigTerm = 15;
    private static readonly string[] Kills = ["kill", "tkill", "tgkill"];
    private const uint Eperm = 1, Enosys = 38;
    // CLONE_NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET: clone(2).
    private const ulong NamespaceFlags = 0x7E020000;
    // AF_VSOCK reaches the host of a virtual machine.
    private const ulong VsockFamily = 40;
    // personality(2): PER_LINUX, PER_LINUX32, UNAME26, both, and "tell me".
    private static readonly ulong[] Personalities = [0, 8, 0x20000, 0x20008, 0xFFFFFFFF];
    private static readonly Lazy<IReadOnlyDictionary<string, string[]>> Sections = new(Load);

    public static RuntimeSpec.Seccomp For(bool root)
    {
        var sections = Sections.Value;
        var rules = new List<RuntimeSpec.SystemCallRule>
        {
            new(root ? [.. sections["allow"], .. sections["allow root"]] : sections["allow"], Allow),
            new(["clone"], Allow) { Args = [new(0, NamespaceFlags, "SCMP_CMP_MASKED_EQ") { ValueTwo = 0 }] },
            // Its flags lie in memory, where a filter can't look: C libraries fall back to clone.
            new(["clone3"], Refuse) { ErrnoRet = Enosys },
            new(["socket"], Allow) { Args = [new(0, VsockFamily, "SCMP_CMP_NE")] },
            new(root ? sections["deny"] : [.. sections["deny"], .. sections["deny unless root"]], Refuse) { ErrnoRet = Eperm },
        };
        // The first process of a job is the wrapper, for which SIGTERM is the host's word: programs of the container can't send it.
        rules.AddRange(root ? [new(Kills, Allow)] : Kills.SelectMany(NotTheFirstProcess));
        rules.AddRange(Personalities.Select(persona => new RuntimeSpec.SystemCallRule(["personality"], Allow) { Args = [new(0, persona, "SCMP_CMP_EQ")] }));
        return new RuntimeSpec.Seccomp(Refuse, Enosys, [Architecture()], rules);
    }

    private static IEnumerable<RuntimeSpec.SystemCallRule> NotTheFirstProcess(string kill)
    {
        // kill(pid, signal), tkill(tid, signal), tgkill(pid, tid, signal)
        var signal = kill == "tgkill" ? 2u : 1u;
        yield return new([kill], Allow) { Args = [new(0, FirstProcess, "SCMP_CMP_NE")] };
        yield return new([kill], Allow) { Args = [new(signal, SigTerm, "SCMP_CMP_NE")] };
        yield return new([kill], Refuse) { ErrnoRet = Eperm, Args = [new(0, FirstProcess, "SCMP_CMP_EQ"), new(signal, SigTerm, "SCMP_CMP_EQ")] };
    }

    private static string Architecture() => RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "SCMP_ARCH_X86_64",
        System.Runtime.InteropServices.Architecture.Arm64 => "SCMP_ARCH_AARCH64",
        var other => throw new PlatformNotSupportedException($"Ahoy has no system call filter for {other} processors."),
    };

    private static Dictionary<string, string[]> Load()
    {
        using var stream = typeof(SeccompProfile).Assembly.GetManifestResourceStream("seccomp.txt")!;
        using var reader = new StreamReader(stream);
        var sections = new Dictionary<string, List<string>>();
        var current = new List<string>();
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('['))
                sections[line.Trim('[', ']')] = current = [];
            else if (!line.StartsWith('#'))
                current.AddRange(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }

        return sections.ToDictionary(section => section.Key, section => section.Value.ToArray());
    }
}
