using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using BoxerMpi.Transport;

namespace BoxerMpi.LambdaService.Http;

/// <summary>Whose socket is at the other end of a connection within this machine, as the kernel's tables tell.</summary>
/// <remarks>
/// Anybody on a machine reaches its loopback. A secret in the address would not do: AWS's runtime clients take host and port apart.
/// </remarks>
internal static class LoopbackPeer
{
    // Of its own network, which is not the process's where the calling thread has another one.
    private static readonly string[] Tables = ["/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"];

    // Who reads a table while connections come and go may miss a line of it.
    private const int Attempts = 3;

    private enum Column
    {
        Local = 1,
        Remote = 2,
        Owner = 7,
        Inode = 9,
        Count,
    }

    /// <summary>Whether the other end is open and of the user as whom this process runs.</summary>
    /// <param name="remote">The other end's address.</param>
    /// <param name="local">This end's.</param>
    public static bool IsOwn(IPEndPoint remote, IPEndPoint local)
    {
        string owner = PrivateFiles.EffectiveUser().ToString(CultureInfo.InvariantCulture);
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            foreach (string table in Tables.Where(File.Exists))
            {
                foreach (string line in File.ReadLines(table))
                {
                    string[] columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                    if (columns.Length < (int)Column.Count
                        || !IsAt(columns[(int)Column.Local], remote)
                        || !IsAt(columns[(int)Column.Remote], local))
                        continue;

                    // What is closed has no inode, and the table calls it root's.
                    return columns[(int)Column.Inode] != "0" && columns[(int)Column.Owner] == owner;
                }
            }
        }

        return false;
    }

    /// <summary>The table writes an address as the words that lie in memory, in hexadecimal, and the port as a number.</summary>
    private static bool IsAt(string entry, IPEndPoint endPoint)
    {
        int colon = entry.LastIndexOf(':');
        if (!int.TryParse(entry.AsSpan(colon + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int port)
            || port != endPoint.Port)
            return false;
        byte[] address = Convert.FromHexString(entry[..colon]);
        if (BitConverter.IsLittleEndian)
        {
            Span<uint> words = MemoryMarshal.Cast<byte, uint>(address.AsSpan());
            BinaryPrimitives.ReverseEndianness(words, words);
        }

        return new IPAddress(address).MapToIPv6().Equals(endPoint.Address.MapToIPv6());
    }
}
