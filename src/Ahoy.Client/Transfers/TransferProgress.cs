namespace Ahoy.Client.Transfers;

/// <summary>Bytes moved so far, of all that have to move.</summary>
internal readonly record struct TransferProgress(long Done, long Total);
