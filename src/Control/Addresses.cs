using System.Globalization;
using System.Net;
using System.Net.Sockets;
using BoxerMpi.Transport;

namespace BoxerMpi.Control;

/// <summary>Reads and compares addresses.</summary>
internal static class Addresses
{
    /// <summary>Reads <c>host:port</c>, <c>1.2.3.4:port</c> or <c>[::1]:port</c>.</summary>
    /// <exception cref="FormatException">It is none of them; the message says what is expected.</exception>
    public static EndPoint Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int colon = text.LastIndexOf(':');
        if (colon <= 0
            || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            || port == 0)
        {
            throw new FormatException($"'{text}' is not an address; write HOST:PORT, such as 192.0.2.7:4000 or [2001:db8::7]:4000.");
        }

        string host = text[..colon];
        if (host is ['[', .. string inner, ']'])
            host = inner;
        else if (host.Contains(':', StringComparison.Ordinal))
            throw new FormatException($"'{text}' is ambiguous; write an IPv6 address in brackets, such as [2001:db8::7]:4000.");
        return IPAddress.TryParse(host, out IPAddress? address) ? new IPEndPoint(address, port) : new DnsEndPoint(host, port);
    }

    /// <summary>Reads the address of a local service: a path, <c>unix:PATH</c>, or a loopback HOST:PORT.</summary>
    public static EndPoint ParseLocal(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.StartsWith("unix:", StringComparison.Ordinal))
            return new UnixDomainSocketEndPoint(text["unix:".Length..]);
        return text.Contains('/', StringComparison.Ordinal) ? new UnixDomainSocketEndPoint(text) : Parse(text);
    }

    /// <summary>An IPv4 peer of a dual-mode socket as the IPv4 endpoint that it is.</summary>
    public static IPEndPoint Normalise(IPEndPoint endPoint) =>
        endPoint.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(endPoint.Address.MapToIPv4(), endPoint.Port) : endPoint;

    /// <summary>A listening socket; a port that is taken is named in the error.</summary>
    /// <remarks>
    /// No <c>ReuseAddress</c>: on Unix it would also share the port with another process. Ports in TIME_WAIT are taken over without it.
    /// </remarks>
    /// <exception cref="RendezvousException">The port is taken or the address is not one of this host.</exception>
    public static Socket Listen(IPEndPoint endPoint, string purpose)
    {
        Socket? socket = null;
        try
        {
            socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            socket.Bind(endPoint);

            // The kernel cuts it to net.core.somaxconn; a burst of a thousand ranks fits the usual 4096.
            socket.Listen(4096);
            return socket;
        }
        catch (SocketException error)
        {
            socket?.Dispose();
            throw ListenFailure(endPoint, purpose, error);
        }
    }

    /// <summary>Why a port cannot be listened on, and what to try.</summary>
    public static RendezvousException ListenFailure(IPEndPoint endPoint, string purpose, SocketException error) => error.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => new RendezvousException(
            RendezvousFailure.PortTaken,
            endPoint.ToString(),
            $"Port {endPoint.Port} on {endPoint.Address}, wanted for {purpose}, is taken; choose another port, or 0 for any free one.",
            error),
        SocketError.AccessDenied => new RendezvousException(
            RendezvousFailure.PortTaken,
            endPoint.ToString(),
            $"Port {endPoint.Port} on {endPoint.Address}, wanted for {purpose}, may not be opened by this user; choose one above 1023.",
            error),
        SocketError.TooManyOpenSockets => new RendezvousException(
            RendezvousFailure.OutOfDescriptors,
            endPoint.ToString(),
            $"Port {endPoint.Port} on {endPoint.Address}, wanted for {purpose}, cannot be opened: {DescriptorLimit.Shortage}.",
            error)
        {
            IsTransient = true,
        },
        _ => new RendezvousException(
            RendezvousFailure.Unreachable,
            endPoint.ToString(),
            $"Cannot listen on {endPoint} for {purpose}: {error.Message}; choose an address of this host.",
            error),
    };
}
