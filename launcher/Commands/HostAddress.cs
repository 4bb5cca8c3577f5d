using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace BoxerMpi.Launcher.Commands;

/// <summary>The address by which other hosts are likely to reach this one.</summary>
/// <remarks>Not its name: that may mean a loopback address here (Debian: 127.0.1.1), and nothing elsewhere.</remarks>
internal static class HostAddress
{
    // Documentation addresses (RFC 5737, RFC 3849): a datagram socket that is connected there sends nothing, but gets the address that it
    // would send from.
    private static readonly IPEndPoint Outside = new(new IPAddress([192, 0, 2, 1]), 9);
    private static readonly IPEndPoint Outside6 = new(IPAddress.Parse("2001:db8::1"), 9);

    /// <summary>The one of the default route, else of an interface that is up, else a loopback address.</summary>
    /// <param name="six">Whether IPv6 serves when there is no other.</param>
    public static IPAddress Find(bool six) =>
        Towards(Outside) ?? OfInterfaces(AddressFamily.InterNetwork)
        ?? (six ? Towards(Outside6) ?? OfInterfaces(AddressFamily.InterNetworkV6) : null)
        ?? IPAddress.Loopback;

    private static IPAddress? Towards(IPEndPoint outside)
    {
        try
        {
            using Socket socket = new(outside.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(outside);
            IPAddress address = ((IPEndPoint)socket.LocalEndPoint!).Address;
            return IPAddress.IsLoopback(address) ? null : address;
        }
        catch (SocketException)
        {
            return null; // no such route
        }
    }

    private static IPAddress? OfInterfaces(AddressFamily family)
    {
        try
        {
            return NetworkInterface.GetAllNetworkInterfaces()
                .Where(one => one.OperationalStatus != OperationalStatus.Down)
                .SelectMany(one => one.GetIPProperties().UnicastAddresses)
                .Select(one => one.Address)
                .FirstOrDefault(address => address.AddressFamily == family && !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal);
        }
        catch (NetworkInformationException)
        {
            return null;
        }
    }
}
