using System.IO.Enumeration;

namespace Ahoy.Contracts.Agents;

/// <summary>Patterns of names, read the same by the site that writes them and by the master that matches jobs with them.</summary>
public static class NamePattern
{
    /// <summary>"*" stands for any characters, as in a shell.</summary>
    public static bool Matches(string pattern, string name) => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false);
}
