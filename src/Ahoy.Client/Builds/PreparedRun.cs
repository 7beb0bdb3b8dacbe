namespace Ahoy.Client.Builds;

/// <summary>What `ahoy run` submits for a program of this machine.</summary>
internal sealed record PreparedRun
{
    /// <summary>A base, when it has all that the program needs; else an image that was built for it.</summary>
    public required string Image { get; init; }

    /// <summary>The command as it must be written inside the job.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>The program and what it needs of the working directory: absolute path on this machine by path in the scratch directory.</summary>
    public required IReadOnlyDictionary<string, string> Inputs { get; init; }
}
