namespace Ahoy.Runtimes.Namespaces;

/// <summary>Which user ids this process can give to files and processes.</summary>
internal enum IdRange
{
    /// <summary>Its own only, without any power over mounts: nothing can be run.</summary>
    Ordinary,
    /// <summary>Root of a user namespace that maps one id.</summary>
    Single,
    /// <summary>Root of a user namespace with a range of ids.</summary>
    Range,
    /// <summary>Real root.</summary>
    All,
}
