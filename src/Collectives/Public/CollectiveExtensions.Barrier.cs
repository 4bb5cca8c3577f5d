using BoxerMpi.Collectives;
using BoxerMpi.Schedules;

namespace BoxerMpi;

public static partial class CollectiveExtensions
{
    /// <summary>Returns when all ranks have called it.</summary>
    /// <remarks>Collective. MPI 4.1 §6.3.</remarks>
    /// <exception cref="MpiTimeoutException">Not all ranks called it in time; it lists those that are waited for.</exception>
    public static void Barrier(this Communicator communicator) =>
        CollectiveEngine.Of(communicator).Run(new(Collective.Barrier, 0, 1), send: 0, receive: 0, op: null, type: null);

    /// <summary>Ends when all ranks have called it.</summary>
    /// <inheritdoc cref="Barrier(Communicator)"/>
    public static ValueTask BarrierAsync(this Communicator communicator, CancellationToken cancellationToken = default) =>
        CollectiveEngine.Of(communicator).RunAsync(
            new(Collective.Barrier, 0, 1), send: 0, receive: 0, op: null, type: null, whole: null, cancellationToken);
}
