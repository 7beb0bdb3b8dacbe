namespace Ahoy.Client.Access;

/// <summary>Which master the user talks to, and as whom.</summary>
internal sealed record Credentials
{
    /// <summary>"https://host:port".</summary>
    public required string Url { get; init; }

    /// <summary>The whole token: a secret.</summary>
    public required string Token { get; init; }

    public override string ToString() => Url;
}
