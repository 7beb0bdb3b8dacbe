namespace Ahoy.Client.Output;

/// <summary>How a command prints its result.</summary>
internal enum OutputFormat
{
    /// <summary>For people.</summary>
    Text,

    /// <summary>For programs: one JSON document of the types that cross the wire.</summary>
    Json,
}
