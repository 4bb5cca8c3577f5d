using System.Net;
using BoxerMpi.NatLab.Kernel;

namespace BoxerMpi.NatLab;

/// <summary>A host of a lab.</summary>
/// <param name="Number">From 0.</param>
/// <param name="Kind">What it is behind.</param>
/// <param name="Address">The address that it knows as its own: the same for all behind a gateway of their own.</param>
/// <param name="PublicAddress">The address that others know: its gateway's, or its own.</param>
/// <param name="Network">Where its sockets and processes are.</param>
/// <param name="Gateway">Its gateway's namespace, or null when there is none.</param>
internal sealed record LabHost(
    int Number,
    GatewayKind Kind,
    IPAddress Address,
    IPAddress PublicAddress,
    NetworkNamespace Network,
    NetworkNamespace? Gateway)
{
    /// <inheritdoc cref="NetworkNamespace.Run{T}(Func{T})"/>
    public T Run<T>(Func<T> body) => Network.Run(body);

    /// <inheritdoc cref="NetworkNamespace.Run{T}(Func{T})"/>
    public void Run(Action body) => Network.Run(body);
}
