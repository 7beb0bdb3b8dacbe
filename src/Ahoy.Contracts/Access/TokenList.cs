namespace Ahoy.Contracts.Access;

public sealed record TokenList
{
    public required IReadOnlyList<TokenView> Tokens { get; init; }
}
