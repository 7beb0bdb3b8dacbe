using Ahoy.Master.Retention;

namespace Ahoy.Master;

/// <summary>How this master works.</summary>
public sealed record MasterOptions
{
    /// <summary>Everything that the master keeps: database, blobs, logs, certificates.</summary>
    public required string DataDirectory { get; init; }
    /// <summary>State of build containers and unpacked layers.</summary>
    public string ContainerDirectory => Path.Combine(DataDirectory, "containers");
    /// <summary>ADDRESS:PORT to listen on; port 0: any free one.</summary>
    public required string Listen { get; init; }
    /// <summary>Further names and addresses under which clients and agents call this master; they go into its certificate.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];
    /// <summary>The user who gets the first manager token.</summary>
    public string Manager { get; init; } = "manager";
    /// <summary>How long an agent may be silent before its jobs are given back.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(60);
    /// <summary>How long an agent that is in contact may take to confirm a cancel before the job ends without it. Shorter than a client's patience with its Ctrl-C.</summary>
    public TimeSpan CancelLimit { get; init; } = TimeSpan.FromSeconds(45);
    /// <summary>How often a job may lose its host before it ends with SYSTEM_ERROR.</summary>
    public int MaxLostAttempts { get; init; } = 3;
    /// <summary>Leases are not looked at more often than this.</summary>
    public TimeSpan ShortestLeaseCheck { get; init; } = TimeSpan.FromSeconds(1);
    /// <summary>How long what nobody needs any more is kept.</summary>
    public RetentionOptions Retention { get; init; } = new();
    /// <summary>How many bytes of uploads that are not complete one user, with all their jobs, may have here.</summary>
    public long UnfinishedUploadBytes { get; init; } = 512L << 30;
    /// <summary>The longest that one build may take.</summary>
    public TimeSpan BuildLimit { get; init; } = TimeSpan.FromHours(1);
    /// <summary>Runtimes to try for builds, in this order.</summary>
    public IReadOnlyList<string> Runtimes { get; init; } = ["crun", "runc"];
    /// <summary>The ahoy executable, which is mounted into build containers to verify the finished image.</summary>
    public string? Executable { get; init; }
}
