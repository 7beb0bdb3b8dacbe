using Ahoy.Contracts.Relay;

namespace Ahoy.Wrapper;

/// <summary>Where the wrapper finds things. In a container always <see cref="InContainer"/>; tests use their own folders.</summary>
internal sealed record WrapperPaths(string Orders, string Socket, string Out, string Scratch)
{
    public static readonly WrapperPaths InContainer = new(
        WrapperOrders.OrdersFile, WrapperOrders.RelaySocket, WrapperOrders.OutDirectory, WrapperOrders.ScratchDirectory);
}
