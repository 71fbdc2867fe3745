"""The SFTP gateway: a vendor takes its released batches and puts its reports, with public keys and nothing else."""
