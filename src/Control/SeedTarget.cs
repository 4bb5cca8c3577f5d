using System.Net;
using System.Net.Sockets;
using BoxerMpi.Transport;

namespace BoxerMpi.Control;

/// <summary>A coordinator, and what it takes to be heard there.</summary>
internal sealed record SeedTarget
{
    /// <summary>After that long without an answer the next address of a name is tried as well (RFC 8305, §5).</summary>
    public static readonly TimeSpan Stagger = TimeSpan.FromMilliseconds(250);

    /// <summary>An address, or a name that may have several.</summary>
    public required EndPoint Seed { get; init; }

    public required string JobId { get; init; }

    public required byte[] Token { get; init; }

    /// <summary>How long to try.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>Finds the addresses of a name.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> LookUp { get; init; } = Dns.GetHostAddressesAsync;

    public TimeProvider Time { get; init; } = RunningTime.Instance;

    /// <summary>All endpoints of the coordinator in the order in which they are tried.</summary>
    /// <exception cref="SocketException">The name is not known, or cannot be looked up now.</exception>
    public async Task<IPEndPoint[]> ResolveAsync(CancellationToken cancellationToken)
    {
        if (Seed is IPEndPoint known)
            return [known];
        DnsEndPoint name = (DnsEndPoint)Seed;
        IPAddress[] addresses;
        try
        {
            addresses = await LookUp(name.Host, cancellationToken).ConfigureAwait(false);
        }
        catch (ArgumentException)
        {
            throw new SocketException((int)SocketError.HostNotFound); // what it is cannot be a name at all
        }

        if (addresses.Length == 0)
            throw new SocketException((int)SocketError.NoData);
        return [.. InTurn(addresses).Select(address => new IPEndPoint(address, name.Port))];
    }

    /// <summary>Whether trying again is of no use: there is no such name.</summary>
    public static bool IsUnknownName(SocketException error) => error.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData;

    /// <summary>The families by turns: one that leads nowhere costs one pause, however many addresses it has.</summary>
    private static IEnumerable<IPAddress> InTurn(IPAddress[] addresses)
    {
        IPAddress[] first = [.. addresses.Where(address => address.AddressFamily == addresses[0].AddressFamily)];
        IPAddress[] second = [.. addresses.Except(first)];
        for (int i = 0; i < addresses.Length; i++)
        {
            if (i < first.Length)
                yield return first[i];
            if (i < second.Length)
                yield return second[i];
        }
    }
}
