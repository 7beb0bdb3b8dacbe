namespace Ahoy.Images.Bases;

/// <summary>A base image to make with apt.</summary>
public sealed record AptBaseRequest
{
    /// <summary>The distribution's code name or alias: "bookworm", "stable".</summary>
    public required string Suite { get; init; }
    /// <summary>Packages beside the minimal system and apt, with what they depend on.</summary>
    public IReadOnlyList<string> Packages { get; init; } = [];
    /// <summary>URL of the archive; null: this computer's own when it offers the suite, else Debian's public one.</summary>
    public string? Mirror { get; init; }
}
