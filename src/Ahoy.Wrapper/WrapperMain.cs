namespace Ahoy.Wrapper;

/// <summary>`ahoy wrapper`: the first process of every job's container.</summary>
public static class WrapperMain
{
    /// <summary>Does what /ahoy/orders.json says (see <see cref="Contracts.Relay.WrapperOrders"/>) and returns the exit code for the container.</summary>
    public static int Run(string[] arguments) => throw new NotImplementedException();
}
