using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using BoxerMpi.Aws.Internal;

namespace BoxerMpi.Aws;

/// <summary>Puts objects into S3 and reads them, there or at a service that is like it. The only file that knows AWSSDK.S3.</summary>
public sealed class S3Client : IDisposable
{
    private readonly AmazonS3Client _client;

    /// <summary>Makes a client; credentials come from AWS's chain of places to look.</summary>
    /// <param name="region">The buckets' region.</param>
    /// <param name="endpointUrl">Where the service is; null for AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, else the region's own.</param>
    /// <param name="timeout">Longest wait for an answer; null for 15 minutes, as an object may be large and the way slow.</param>
    public S3Client(string region, string? endpointUrl = null, TimeSpan? timeout = null)
    {
        AmazonS3Config config = new()
        {
            // Services other than AWS's seldom know the checksums that the SDK adds by default; the signature covers the content as well.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            Timeout = timeout ?? TimeSpan.FromMinutes(15),
        };
        config.HttpClientFactory = new KeepAliveFactory(config.Timeout.Value);
        endpointUrl ??= Variable("AWS_ENDPOINT_URL_S3") ?? Variable("AWS_ENDPOINT_URL");
        if (endpointUrl is null)
        {
            config.RegionEndpoint = Amazon.RegionEndpoint.GetBySystemName(region);
        }
        else
        {
            config.ServiceURL = endpointUrl;
            config.ForcePathStyle = true;
        }

        config.AuthenticationRegion = region;
        _client = new AmazonS3Client(config);
        Endpoint = (endpointUrl ?? $"S3 in {region}") + SystemProxy.Mention(
            endpointUrl ?? $"https://s3.{region}.{Amazon.RegionEndpoint.GetBySystemName(region).PartitionDnsSuffix}");
    }

    /// <summary>Whom it asks, for people.</summary>
    public string Endpoint { get; }

    /// <summary>Whether there is an object of that length.</summary>
    /// <exception cref="S3Exception">The service refuses or does not answer.</exception>
    public async Task<bool> HasAsync(string bucket, string key, long length, CancellationToken cancellationToken = default)
    {
        try
        {
            GetObjectMetadataRequest request = new() { BucketName = bucket, Key = key };
            GetObjectMetadataResponse answer = await _client.GetObjectMetadataAsync(request, cancellationToken).ConfigureAwait(false);
            return answer.ContentLength == length;
        }
        catch (AmazonS3Exception missing) when (missing.StatusCode == HttpStatusCode.NotFound)
        {
            // The bucket may be missing as well: putting the object tells.
            return false;
        }
        catch (AmazonS3Exception refused) when (refused.StatusCode == HttpStatusCode.Forbidden)
        {
            // So S3 answers for an object that is missing to those who may not list the bucket.
            return false;
        }
        catch (Exception failure) when (IsFailure(failure, cancellationToken))
        {
            throw Failed("look for", bucket, key, failure);
        }
    }

    /// <summary>Puts an object in one request: at most 5 GB.</summary>
    /// <exception cref="S3Exception">The service refuses or does not answer.</exception>
    public async Task PutAsync(string bucket, string key, byte[] content, CancellationToken cancellationToken = default)
    {
        using MemoryStream stream = new(content, writable: false);
        PutObjectRequest request = new()
        {
            BucketName = bucket,
            Key = key,
            InputStream = stream,
            ContentType = "application/zip",

            // The body as it is, signed as a whole: any service reads that, chunks are misread by some.
            UseChunkEncoding = false,
        };
        try
        {
            await _client.PutObjectAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (IsFailure(failure, cancellationToken))
        {
            throw Failed("put", bucket, key, failure);
        }
    }

    /// <summary>Reads a whole object.</summary>
    /// <exception cref="S3Exception">There is none, or the service refuses or does not answer.</exception>
    public async Task<byte[]> GetAsync(string bucket, string key, CancellationToken cancellationToken = default)
    {
        try
        {
            using GetObjectResponse answer = await _client.GetObjectAsync(
                new GetObjectRequest { BucketName = bucket, Key = key }, cancellationToken).ConfigureAwait(false);
            using MemoryStream content = new();
            await answer.ResponseStream.CopyToAsync(content, cancellationToken).ConfigureAwait(false);
            return content.ToArray();
        }
        catch (Exception failure) when (IsFailure(failure, cancellationToken))
        {
            throw Failed("read", bucket, key, failure);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static bool IsFailure(Exception failure, CancellationToken cancellationToken) =>
        failure is AmazonClientException or AmazonServiceException or HttpRequestException or IOException
        || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    private S3Exception Failed(string doing, string bucket, string key, Exception failure)
    {
        string subject = $"Cannot {doing} s3://{bucket}/{key}: ";
        return failure switch
        {
            AmazonS3Exception { StatusCode: not 0 } refused => new S3Exception(
                $"{subject}{refused.Message.TrimEnd('.')} ({refused.ErrorCode}). The bucket has to be in the function's region, and open " +
                $"to s3:PutObject and s3:GetObject.",
                failure),
            AmazonServiceException or HttpRequestException or IOException or OperationCanceledException => new S3Exception(
                $"{subject}no answer from {Endpoint} ({failure.GetBaseException().Message}). Is the region or the endpoint right, and is " +
                $"it reachable?", failure),
            _ => new S3Exception(
                $"{subject}No AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run aws " +
                $"configure. {failure.Message}",
                failure),
        };
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}

/// <summary>S3 refused or could not be asked; the message says whom, for what, and what to try.</summary>
public sealed class S3Exception(string message, Exception? inner = null) : Exception(message, inner);
