using System.Buffers;
using System.Security.Cryptography;
using BoxerMpi.Transport;
using Microsoft.AspNetCore.Http;

namespace BoxerMpi.LambdaService.Http;

/// <summary>
/// Reads bodies of requests of which nobody knows yet whose they are: what is long goes to files, and all of them together are bounded.
/// </summary>
/// <param name="folder">Where those files are.</param>
internal sealed class UnverifiedBodies(string folder)
{
    private const int MostInMemory = 64 * 1024;

    // Some fifteen of the largest uploads at once.
    private const long MostInFiles = 1024L * 1024 * 1024;

    private long _inFiles;

    /// <summary>The whole body, or null when it is longer than <paramref name="longest"/> bytes.</summary>
    /// <exception cref="ApiException">There are too many of them.</exception>
    public async Task<UnverifiedBody?> ReadAsync(HttpContext context, long longest)
    {
        if (context.Request.ContentLength > longest)
            return null;
        byte[] rented = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(context.Request.ContentLength ?? MostInMemory, 1, MostInMemory));
        try
        {
            return await ReadAsync(context, longest, rented);
        }
        catch (BadHttpRequestException failure) when (failure.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    internal void Free(long bytes) => Interlocked.Add(ref _inFiles, -bytes);

    private async Task<UnverifiedBody?> ReadAsync(HttpContext context, long longest, Memory<byte> buffer)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        int count = await FillAsync(context, buffer);
        hash.AppendData(buffer.Span[..count]);
        if (count < buffer.Length || context.Request.ContentLength == count)
            return count > longest ? null : new UnverifiedBody(buffer[..count].ToArray(), Text(hash));

        UnverifiedBody body = new(this, PrivateFiles.OpenTemporary(folder));
        try
        {
            for (long total = count; count > 0; total += count)
            {
                if (total > longest)
                {
                    body.Dispose();
                    return null;
                }

                Take(count);
                await body.AddAsync(buffer[..count]);
                count = await FillAsync(context, buffer);
                hash.AppendData(buffer.Span[..count]);
            }
        }
        catch
        {
            body.Dispose();
            throw;
        }

        body.Hash = Text(hash);
        return body;
    }

    private void Take(int bytes)
    {
        if (Interlocked.Add(ref _inFiles, bytes) <= MostInFiles)
            return;
        Free(bytes);
        throw new ApiException(503, "ServiceException", "Too many large requests at once; try again.");
    }

    private static ValueTask<int> FillAsync(HttpContext context, Memory<byte> buffer) =>
        context.Request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, context.RequestAborted);

    private static string Text(IncrementalHash hash) => Convert.ToHexStringLower(hash.GetHashAndReset());
}

/// <summary>A body that was read, and what it amounts to in a signature.</summary>
internal sealed class UnverifiedBody : IDisposable
{
    private readonly byte[] _content = [];
    private readonly UnverifiedBodies? _owner;
    private readonly FileStream? _file;
    private long _inFile;

    public UnverifiedBody(byte[] content, string hash) => (_content, Hash) = (content, hash);

    public UnverifiedBody(UnverifiedBodies owner, FileStream file) => (_owner, _file) = (owner, file);

    /// <summary>SHA-256 in hexadecimal.</summary>
    public string Hash { get; set; } = "";

    public async ValueTask AddAsync(ReadOnlyMemory<byte> more)
    {
        _inFile += more.Length;
        await _file!.WriteAsync(more);
    }

    /// <summary>The content, now that its sender is known.</summary>
    public async Task<byte[]> ContentAsync()
    {
        if (_file is null)
            return _content;
        byte[] content = new byte[_inFile];
        _file.Position = 0;
        await _file.ReadExactlyAsync(content);
        return content;
    }

    public void Dispose()
    {
        _file?.Dispose();
        _owner?.Free(Interlocked.Exchange(ref _inFile, 0));
    }
}
