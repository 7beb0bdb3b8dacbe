namespace Ahoy.Runtimes.Oci;

/// <summary>config.json of a bundle, as far as Ahoy sets it: OCI runtime specification 1.0.2, config.md and config-linux.md.</summary>
internal sealed record RuntimeSpec
{
    public string OciVersion { get; init; } = "1.0.2";
    public required ProcessSection Process { get; init; }
    public required RootSection Root { get; init; }
    public required string Hostname { get; init; }
    public required IReadOnlyList<Mount> Mounts { get; init; }
    public required LinuxSection Linux { get; init; }

    public sealed record ProcessSection
    {
        public bool Terminal { get; init; }
        public required UserSection User { get; init; }
        public required IReadOnlyList<string> Args { get; init; }
        public required IReadOnlyList<string> Env { get; init; }
        public required string Cwd { get; init; }
        public required CapabilitySets Capabilities { get; init; }
        public required IReadOnlyList<ResourceLimit> Rlimits { get; init; }
        public bool NoNewPrivileges { get; init; } = true;
        public required int OomScoreAdj { get; init; }
    }

    public sealed record UserSection(uint Uid, uint Gid);

    public sealed record CapabilitySets(
        IReadOnlyList<string> Bounding,
        IReadOnlyList<string> Effective,
        IReadOnlyList<string> Permitted,
        IReadOnlyList<string> Inheritable,
        IReadOnlyList<string> Ambient);

    public sealed record ResourceLimit(string Type, ulong Soft, ulong Hard);

    public sealed record RootSection(string Path, bool Readonly);

    public sealed record Mount(string Destination, string Type, string Source, IReadOnlyList<string> Options);

    public sealed record LinuxSection
    {
        public required IReadOnlyList<Namespace> Namespaces { get; init; }
        public IReadOnlyList<IdMapping>? UidMappings { get; init; }
        public IReadOnlyList<IdMapping>? GidMappings { get; init; }
        public string? CgroupsPath { get; init; }
        public required Seccomp Seccomp { get; init; }
        public required IReadOnlyList<string> MaskedPaths { get; init; }
        public required IReadOnlyList<string> ReadonlyPaths { get; init; }
    }

    public sealed record Namespace(string Type);

    public sealed record IdMapping(uint ContainerID, uint HostID, uint Size);

    public sealed record Seccomp(string DefaultAction, uint DefaultErrnoRet, IReadOnlyList<string> Architectures, IReadOnlyList<SystemCallRule> Syscalls);

    public sealed record SystemCallRule(IReadOnlyList<string> Names, string Action)
    {
        public uint? ErrnoRet { get; init; }
        public IReadOnlyList<SystemCallArgument>? Args { get; init; }
    }

    public sealed record SystemCallArgument(uint Index, ulong Value, string Op)
    {
        public ulong? ValueTwo { get; init; }
    }
}
