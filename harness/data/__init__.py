"""Data of the tracks, which name it by import path (`harness.data.digits:load`): so modules stay where they are.

dataset                                  what all of it is handed on as
digits, images, image_latents, mixture   data of the tracks that come with snrbench
image_folder, own_latents, array_file    data of one's own: a folder of images, their latents, a file of latents
preparation, shards, prepared            a large folder of images made into files, and read from them
encoders, autoencoder, autoencoder_training, own_autoencoder, kept_weights   from images to latents and back
official_files, class_folders, train_val_folder, image_file                  where files lie, and one file as pixels
"""
