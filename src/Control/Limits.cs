using System.Text;

namespace BoxerMpi.Control;

/// <summary>Caps on what arrives from the network, checked before anything is allocated for it.</summary>
internal static class Limits
{
    /// <summary>Ranks of a job.</summary>
    public const int MaximumJobSize = 65_536;

    /// <summary>A control frame of somebody who has not proven the token.</summary>
    public const int StrangerFrameBytes = 4 * 1024;

    /// <summary>A control frame of a member at the coordinator.</summary>
    public const int MemberFrameBytes = 64 * 1024;

    /// <summary>A control frame of a coordinator that has proven the token: the table of the largest job fits.</summary>
    public const int CoordinatorFrameBytes = 16 * 1024 * 1024;

    /// <summary>One message of a link's hello.</summary>
    public const int LinkMessageBytes = 1024;

    /// <summary>The block of data that checks a link across NATs, without its checksum.</summary>
    public const int LinkBlockBytes = 64 * 1024;

    /// <summary>A job's name in UTF-8.</summary>
    public const int JobIdBytes = 128;

    /// <summary>Host names, topologies, option names.</summary>
    public const int NameBytes = 1024;

    /// <summary>Reasons, abort messages, option values; longer ones are cut by the sender.</summary>
    public const int TextBytes = 8 * 1024;

    /// <summary>Endpoints that one member announces.</summary>
    public const int EndPointsPerMember = 8;

    /// <summary>Reflectors that a coordinator offers.</summary>
    public const int Reflectors = 4;

    /// <summary>What one member tells another through the coordinator.</summary>
    public const int SignalBytes = 1024;

    /// <summary>Links that a rank tells of one by one; with 11 bytes each they fit <see cref="MemberFrameBytes"/>.</summary>
    public const int LinksPerReport = 4096;

    /// <summary>What an attended program wrote, in one frame.</summary>
    public const int AttendedBytes = 32 * 1024;

    /// <summary>Options of a job.</summary>
    public const int OptionsPerJob = 256;

    public static string CheckJobId(string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(value);
        return Encoding.UTF8.GetByteCount(value) <= JobIdBytes
            ? value
            : throw new ArgumentException($"A job id has at most {JobIdBytes} bytes of UTF-8.", nameof(value));
    }

    public static byte[] CheckToken(byte[] value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value.Length is >= 16 and <= 1024
            ? value
            : throw new ArgumentException($"A job token has 16 to 1024 bytes, not {value.Length}; 32 random ones are a good choice.", nameof(value));
    }
}
