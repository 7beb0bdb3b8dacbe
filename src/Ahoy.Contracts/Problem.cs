namespace Ahoy.Contracts;

/// <summary>The body of every error response: problem details (RFC 9457) with Ahoy's stable <see cref="Code"/>.</summary>
public sealed record Problem
{
    public string Type { get; set; } = "about:blank";
    public required string Title { get; init; }
    public required int Status { get; init; }
    public required string Detail { get; init; }
    public required ErrorCode Code { get; init; }
    public bool Transient { get; init; }
}
