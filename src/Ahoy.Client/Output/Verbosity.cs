namespace Ahoy.Client.Output;

/// <summary>How much a command tells beside its result.</summary>
internal enum Verbosity
{
    /// <summary>Warnings and failures only.</summary>
    Quiet,

    /// <summary>One line of progress on a terminal, the steps elsewhere.</summary>
    Normal,

    /// <summary>Every state of a job, and all that a build prints.</summary>
    Verbose,
}
