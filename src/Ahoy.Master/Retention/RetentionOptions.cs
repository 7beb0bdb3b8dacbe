namespace Ahoy.Master.Retention;

/// <summary>How long the master keeps what nobody needs any more: the table [retention] of master.toml.</summary>
public sealed record RetentionOptions
{
    /// <summary>Outputs and logs of a job, counted from its end; null: for ever. The job itself is kept in any case.</summary>
    public TimeSpan? Results { get; init; }

    /// <summary>Blobs that no image, no job and no upload needs, logs of attempts that were repeated, logs of builds; counted from when they were last of use.</summary>
    public TimeSpan Unused { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Uploads that were begun and not ended, and other unfinished files; counted from their last byte.</summary>
    public TimeSpan Uploads { get; init; } = TimeSpan.FromDays(1);
}
